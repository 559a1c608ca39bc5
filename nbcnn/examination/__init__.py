"""What `nbcnn doctor` looks at: the machine, the libraries, the cache and the settings that nbcnn finds here."""
