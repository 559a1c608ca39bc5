"""What an editor asks about a spec while it is written, and the server that answers (Language Server Protocol 3.17).

server.py alone knows the protocol; the other files answer about plain text, with lines and characters from 0.
"""
