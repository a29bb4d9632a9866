"""The HTTP stack: transport, retries, rate limits, proxies, certificates, bounds."""
