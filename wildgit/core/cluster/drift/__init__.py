"""What a cluster has otherwise than git: whose difference it is, which are let be, how git takes one in."""
