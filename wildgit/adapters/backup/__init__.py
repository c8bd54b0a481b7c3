"""What an instance is restored from: tags, encrypted secrets, snapshots of volumes."""
