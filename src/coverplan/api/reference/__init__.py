"""The OpenAPI document: put together from what FastAPI knows and what the documents know of themselves."""
