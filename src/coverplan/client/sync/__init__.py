"""The synchronous client, made of the asynchronous one but for how it waits."""
