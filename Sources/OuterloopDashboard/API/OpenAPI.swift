internal import OuterloopText

/// The description of the API that other programs read.
enum OpenAPI {
  static func document(of routes: [Route], version: String) -> JSON {
    var paths: [JSON.Member] = []
    for route in routes where route.pattern.first == "api" {
      let path = "/" + route.pattern.map { $0.replacing("...}", with: "}") }.joined(separator: "/")
      let operation = JSON.Member(name: route.method.lowercased(), value: operation(route))
      if let place = paths.firstIndex(where: { $0.name == path }) {
        paths[place].value = .object((paths[place].value.members ?? []) + [operation])
      } else {
        paths.append(JSON.Member(name: path, value: .object([operation])))
      }
    }
    return .object([
      "openapi": .text("3.1.0"),
      "info": .object(["title": .text("Outerloop dashboard"), "version": .text(version)]),
      "paths": .object(paths),
    ])
  }

  private static func operation(_ route: Route) -> JSON {
    let named = route.pattern.filter { $0.hasPrefix("{") }.map {
      String($0.dropFirst().prefix { $0 != "}" && $0 != "." })
    }
    let parameters =
      named.map { parameter($0, isInPath: true) }
      + route.query.map { parameter($0, isInPath: false) }
    var members: [JSON.Member] = [
      JSON.Member(name: "summary", value: .text(route.summary)),
      JSON.Member(name: "parameters", value: .array(parameters)),
      JSON.Member(name: "responses", value: responses),
    ]
    if route.method != "GET" { members.append(JSON.Member(name: "requestBody", value: body)) }
    return .object(members)
  }

  private static func parameter(_ name: String, isInPath: Bool) -> JSON {
    let type = ["study", "trial", "offset", "limit", "from", "after"].contains(name)
    return .object([
      "name": .text(name), "in": .text(isInPath ? "path" : "query"), "required": .bool(isInPath),
      "schema": .object(["type": .text(type ? "integer" : "string")]),
    ])
  }

  private static let body: JSON = .object([
    "required": .bool(true),
    "content": .object([
      "application/json": .object(["schema": .object(["type": .text("object")])])
    ]),
  ])

  private static let responses: JSON = .object([
    "200": .object(["description": .text("As asked")]),
    "default": .object(["description": .text("An error with the keys error and remedy")]),
  ])
}
