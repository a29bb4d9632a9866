"""HTTP as registries need it: retries, rate limits, proxies, certificates, bounds."""
