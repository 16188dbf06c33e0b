"""REST `/v1`: strict requests, plain answers, errors as RFC 9457 describes them."""
