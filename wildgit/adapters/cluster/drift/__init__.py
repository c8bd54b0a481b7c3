"""What of the cluster is otherwise than git has it: looked for, told, accepted."""
