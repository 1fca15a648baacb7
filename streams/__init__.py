"""Forewarn: early warning for installment lenders, on Kafka, Faust and River."""
