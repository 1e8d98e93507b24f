internal import OuterloopCharts
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
      named.map { parameter(inPath: $0) } + route.query.map(parameter)
    var members: [JSON.Member] = [
      JSON.Member(name: "summary", value: .text(route.summary)),
      JSON.Member(name: "parameters", value: .array(parameters)),
      JSON.Member(name: "responses", value: responses),
    ]
    if let schema = route.body {
      let content = JSON.object(["application/json": .object(["schema": schema])])
      members.append(
        JSON.Member(
          name: "requestBody", value: .object(["required": .bool(true), "content": content])))
    }
    return .object(members)
  }

  private static func parameter(inPath name: String) -> JSON {
    var members: [JSON.Member] = [
      JSON.Member(name: "name", value: .text(name)), JSON.Member(name: "in", value: .text("path")),
      JSON.Member(name: "required", value: .bool(true)),
    ]
    switch name {
    case "study", "trial":
      members.append(JSON.Member(name: "schema", value: .count))
      // Studies count from 1, trials of a study from 0.
      members.append(JSON.Member(name: "example", value: .int(name == "study" ? 1 : 0)))
    case "plot":
      let parameter = RouteParameter.oneOf(name, StudyPlot.all.map(\.name))
      members.append(JSON.Member(name: "schema", value: parameter.schema))
    default:
      members.append(JSON.Member(name: "schema", value: RouteParameter.text(name).schema))
    }
    return .object(members)
  }

  private static func parameter(_ parameter: RouteParameter) -> JSON {
    .object([
      "name": .text(parameter.name), "in": .text("query"),
      "required": .bool(parameter.isRequired),
      "schema": parameter.repeats
        ? .object(["type": .text("array"), "items": parameter.schema]) : parameter.schema,
    ])
  }

  private static let responses: JSON = .object([
    "200": .object(["description": .text("As asked")]),
    "default": .object(["description": .text("An error with the keys error and remedy")]),
  ])
}
