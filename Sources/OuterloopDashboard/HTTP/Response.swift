internal import OuterloopStudy
internal import OuterloopText

/// The response to a request.
struct Response: Sendable {
  enum Status: Int, Sendable {
    case ok = 200
    case created = 201
    case notModified = 304
    case seeOther = 303
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case conflict = 409
    case tooLarge = 413
    case wrongType = 415
    case misdirected = 421
    case failed = 500
    case busy = 503

    var phrase: String {
      switch self {
      case .ok: "OK"
      case .created: "Created"
      case .notModified: "Not Modified"
      case .seeOther: "See Other"
      case .badRequest: "Bad Request"
      case .unauthorized: "Unauthorized"
      case .forbidden: "Forbidden"
      case .notFound: "Not Found"
      case .methodNotAllowed: "Method Not Allowed"
      case .conflict: "Conflict"
      case .tooLarge: "Content Too Large"
      case .wrongType: "Unsupported Media Type"
      case .misdirected: "Misdirected Request"
      case .failed: "Internal Server Error"
      case .busy: "Service Unavailable"
      }
    }
  }

  enum Body: Sendable {
    case bytes([UInt8])
    /// Chunks that are sent as they come, without a length; the stream ends when the client
    /// disconnects.
    case stream(AsyncStream<String>)
  }

  var status: Status
  var headers: [(name: String, value: String)]
  var body: Body

  init(_ status: Status = .ok, type: String, _ bytes: [UInt8]) {
    self.status = status
    headers = [("Content-Type", type)]
    body = .bytes(bytes)
  }

  static func json(_ value: JSON, _ status: Status = .ok) -> Response {
    Response(
      status, type: "application/json; charset=utf-8", Array((value.description + "\n").utf8))
  }

  static func text(_ text: String, type: String) -> Response {
    Response(type: "\(type); charset=utf-8", Array(text.utf8))
  }

  static func events(_ stream: AsyncStream<String>) -> Response {
    var response = Response(type: "text/event-stream", [])
    response.body = .stream(stream)
    return response
  }

  /// The same, as a download with this file name.
  func saved(as name: String) -> Response {
    var response = self
    let plain = name.unicodeScalars.map {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
        ? Character($0) : "_"
    }
    response.headers.append(("Content-Disposition", "attachment; filename=\"\(String(plain))\""))
    return response
  }

  subscript(header name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// Why a request failed.
struct RequestError: ExplainedError {
  var status: Response.Status
  var what: String
  var remedy: String

  init(_ status: Response.Status, _ what: String, _ remedy: String) {
    self.status = status
    self.what = what
    self.remedy = remedy
  }

  /// Converts any error: errors about the request are client errors, all others are server errors.
  init(_ error: any Error) {
    switch error {
    case let error as RequestError: self = error
    case let error as SpaceError: self.init(.badRequest, error.statement, error.remedy)
    case let error as StudyError: self.init(.conflict, error.statement, error.remedy)
    case let error as any ExplainedError: self.init(.failed, error.statement, error.remedy)
    default: self.init(.failed, "the request failed: \(error)", "try again")
    }
  }

  var response: Response {
    .json(.object(["error": .text(what), "remedy": .text(remedy)]), status)
  }
}
