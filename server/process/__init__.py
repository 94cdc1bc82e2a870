"""What every process of ours needs: supervised tasks, masked secrets, and plain reasons for failures."""
