"""The `nbcnn` command: one file a verb, presentation only. The folder installs as the package nbcnn_cli."""
