"""The parts of a generated book: places, market, team and the plan planted in it."""
