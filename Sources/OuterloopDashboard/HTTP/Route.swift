internal import OuterloopText

/// One kind of request: what it is, and how it is answered.
struct Route: Sendable {
  typealias Handler = @Sendable (Request, Arguments) async throws -> Response

  var method: String
  /// Parts between slashes; `{name}` takes any one, `{name...}` at the end all that are left.
  var pattern: [String]
  /// A phrase for people, in the description of the API.
  var summary: String
  /// What it takes after the question mark.
  var query: [RouteParameter]
  /// The JSON Schema of the body that it takes; nil: it takes none.
  var body: JSON?
  var handler: Handler

  init(
    _ method: String, _ path: String, _ summary: String,
    query: [RouteParameter] = [], body: JSON? = nil, _ handler: @escaping Handler
  ) {
    self.method = method
    pattern = path.split(separator: "/").map(String.init)
    self.summary = summary
    self.query = query
    self.body = body
    self.handler = handler
  }

  /// What stood in the place of the names.
  struct Arguments: Sendable {
    fileprivate(set) var values: [String: [String]] = [:]

    subscript(name: String) -> String { values[name]?.first ?? "" }
    func rest(_ name: String) -> [String] { values[name] ?? [] }

    /// - Throws: `RequestError` if it is no number.
    func number(_ name: String, called what: String) throws -> Int {
      guard let value = Int(self[name]), value >= 0 else {
        throw RequestError(
          .notFound, "there is no \(what) `\(self[name])`", "name it by its number")
      }
      return value
    }
  }

  /// - Returns: nil if the path is another one.
  func arguments(of path: [String]) -> Arguments? {
    var arguments = Arguments()
    for (place, part) in pattern.enumerated() {
      if part.hasPrefix("{"), part.hasSuffix("...}") {
        guard place < path.count else { return nil }
        arguments.values[String(part.dropFirst().dropLast(4))] = Array(path[place...])
        return arguments
      }
      guard place < path.count else { return nil }
      if part.hasPrefix("{") {
        // `{name}.svg` takes what ends so.
        let sides = part.dropFirst().split(separator: "}", maxSplits: 1)
        let ending = sides.count > 1 ? String(sides[1]) : ""
        guard path[place].hasSuffix(ending), path[place].count > ending.count else { return nil }
        arguments.values[String(sides[0])] = [String(path[place].dropLast(ending.count))]
      } else if part != path[place] {
        return nil
      }
    }
    return pattern.count == path.count ? arguments : nil
  }
}

/// The routes of a server.
struct Router: Sendable {
  var routes: [Route]

  /// - Throws: `RequestError` if nothing has that path, or not that method.
  func route(of request: Request) throws -> (Route, Route.Arguments) {
    let method = request.method == "HEAD" ? "GET" : request.method
    for route in routes where route.method == method {
      if let arguments = route.arguments(of: request.path) { return (route, arguments) }
    }
    let methods = methods(at: request.path)
    guard methods.isEmpty else {
      throw RequestError(
        .methodNotAllowed, "\(request.method) is not supported here",
        "use \(methods.joined(separator: " or "))")
    }
    throw RequestError(
      .notFound, "there is nothing at /\(request.path.joined(separator: "/"))",
      "the studies are at /, the API is described at /api/v1/openapi.json")
  }

  /// The methods of the routes that have this path.
  func methods(at path: [String]) -> [String] {
    routes.filter { $0.arguments(of: path) != nil }.map(\.method)
  }
}
