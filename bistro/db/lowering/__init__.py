"""From models and queries to SQL. What is in here loads SQLAlchemy, which a running site rarely needs."""
