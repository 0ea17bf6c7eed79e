"""One request of a workload in the place of one that came over HTTP."""


class Answer(object):
    """One request on its way from the server to the application and back."""

    def __init__(self, environ):
        self.environ = environ
        self.status = None
        self.headers = []
        self.parts = []

    def through(self, application, asked, start_response):
        """Calls the application in the place of the workload, with what it `asked`;
        returns the parts of the answer to it, too."""
        environ = dict((key, value) for key, value in self.environ.items()
                       if not key.startswith(("HTTP_", "CONTENT_"))
                       # What is left of the generator's request, and a way to answer
                       # past us.
                       and key not in ("RAW_URI", "REQUEST_URI", "wsgi.file_wrapper"))
        environ.update((key, value) for key, value in asked.items()
                       if not key.startswith("wsgi.") or key == "wsgi.input")

        def start(status, headers, exc_info=None):
            start_response(status, headers, exc_info)
            self.status, self.headers = status, list(headers)
            return self.parts.append    # The workload gets these, too.

        answer = application(environ, start)
        try:
            for part in answer:
                self.parts.append(part)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        if asked["REQUEST_METHOD"] == "HEAD":
            # The generator, who asked for GET, would wait for the body.
            self.headers = [pair for pair in self.headers
                            if pair[0].lower() != "content-length"]
        return self.parts
