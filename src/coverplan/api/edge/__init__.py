"""Between callers and routes: proxies, pages of other sites, HEAD, and what callers may keep."""
