"""What must be fetched and renewed before a request can be made: access tokens and where they lead.

`renewed` keeps one token good for any number of threads; the other rooms know how each kind is had.
"""
