"""The only room that touches the network: it asks registries for digests."""
