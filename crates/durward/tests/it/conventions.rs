//! What holds for every answer: problems, headers, request ids, body limits, origins, CORS.
