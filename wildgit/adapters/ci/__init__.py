"""What runs git wild without a person: pipelines, and a CronJob in the cluster."""
