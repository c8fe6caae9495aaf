"""What routing costs, beside its peers and beside stock Django: ``python -m bench``.

Also the Django app whose models are asked for. Importing it imports nothing of django-fleet, so that
the processes of stock Django stay stock.
"""
