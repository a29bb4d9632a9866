"""One synth of an App or Stage: its roots, its pinning, and the recording of what was pinned."""
