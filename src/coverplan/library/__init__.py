"""The library's face: calls that take and give documents, each solve in a process of its own.

`coverplan` itself has them, and imports each when it is first asked for.
"""
