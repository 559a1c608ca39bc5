"""`python -m nbcnn_cli`, where the script `nbcnn` is not on the path."""

from .main import main

main()
