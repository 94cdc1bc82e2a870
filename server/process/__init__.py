"""What every process needs: supervised tasks, masked secrets, and readable reasons for failures."""
