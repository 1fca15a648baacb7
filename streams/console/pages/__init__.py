"""One module a page: from a view of the file to what its template shows. No module here writes or reads Kafka."""
