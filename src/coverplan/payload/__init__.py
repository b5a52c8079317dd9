"""Documents: problem, policy, options, plan and issues, and the way from bytes to arrays."""
