"""The parts of `pnodes up`: its plan, its child processes, its data folder and its embedded stores."""
