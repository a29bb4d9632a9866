#!/usr/bin/env bash
# The tools that pinned_images is measured against, where they can be had; RESULTS.md names those
# that could not.
set -u
cd "$(dirname "$0")/.."

crane_version=v0.22.1

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo --non-interactive "$@"; fi
}

if ! command -v skopeo >/dev/null && command -v apt-get >/dev/null; then
  echo 'Installing skopeo ...'
  export DEBIAN_FRONTEND=noninteractive
  { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends skopeo; } \
    >/dev/null 2>&1 || echo 'skopeo could not be installed.'
fi

if ! command -v crane >/dev/null && [ ! -x .make/bin/crane ] && command -v go >/dev/null; then
  echo 'Building crane ...'
  GOBIN="$PWD/.make/bin" go install \
    "github.com/google/go-containerregistry/cmd/crane@$crane_version" >/dev/null 2>&1 \
    || echo 'crane could not be built.'
fi

exit 0
