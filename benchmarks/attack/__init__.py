"""The service under attack: what is accepted is finished, once, whatever is killed, cut off, frozen, full or malformed.

Each part is a module with `attack(effort, folder)`, which yields an `Outcome` per attack; `PARTS` lists them.
"""
