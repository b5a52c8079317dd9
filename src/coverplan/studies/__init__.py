"""Studies: metrics, comparisons, frontiers, churn, perturbations and acceptance. Arrays in, arrays out."""
