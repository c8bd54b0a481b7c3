"""What the cluster should have, has, and was told: desired objects, plans, records, states."""
