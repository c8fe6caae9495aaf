"""Fields with a home of their own: ``models.TextField(using="profiles")`` on a stock model.

The columns of a model that name one alias are the columns of a *companion* there: an auto-created
model with the primary key of its owner. ``companions`` makes it; the other modules read, write,
delete and migrate the two as one.
"""
