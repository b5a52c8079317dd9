"""The asynchronous client. `sync` is made of it: what is changed here is made there by `make client`."""
