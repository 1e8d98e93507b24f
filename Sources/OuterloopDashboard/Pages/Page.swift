/// A page: the shell that all of them share, with a title and a module of its own.
struct Page: Sendable {
  var path: String
  var title: String
  /// The module that fills it.
  var module: String
  /// What of the API it asks for first, besides the server's description.
  var data: [String]

  static let all: [Page] = [
    Page(path: "/", title: "Studies", module: "page-studies.js", data: ["/studies"]),
    Page(
      path: "/study/{study}", title: "Study", module: "page-study.js", data: ["/studies/{study}"]),
    Page(
      path: "/study/{study}/trials", title: "Trials", module: "page-trials.js",
      data: ["/studies/{study}"]),
    Page(
      path: "/study/{study}/trial/{trial}", title: "Trial", module: "page-trial.js",
      data: ["/studies/{study}", "/studies/{study}/trials/{trial}"]),
    Page(path: "/compare", title: "Compare studies", module: "page-compare.js", data: ["/studies"]),
  ]

  /// The document.
  ///
  /// It names what its module is going to ask for, so that a browser asks at once, and not when it has the module.
  func document(_ arguments: Route.Arguments) -> Asset {
    let preloads = (["/"] + data).compactMap { path in
      Self.filled(path, arguments).map {
        "<link rel=\"preload\" as=\"fetch\" crossorigin href=\"/api/v1\($0)\">"
      }
    }
    let shell = Asset(named: "page.html")?.text ?? ""
    let text = shell.replacing("{title}", with: title).replacing("{module}", with: module)
      .replacing("{preloads}", with: preloads.joined(separator: "\n"))
    return Asset(name: module + ".html", bytes: Array(text.utf8))
  }

  /// With the numbers of the page's own address; nil if there they are none.
  private static func filled(_ path: String, _ arguments: Route.Arguments) -> String? {
    var filled = path
    for name in ["study", "trial"] where path.contains("{\(name)}") {
      guard let number = Int(arguments[name]) else { return nil }
      filled = filled.replacing("{\(name)}", with: String(number))
    }
    return filled
  }

  /// The page's module and all that it imports.
  var script: Asset { Asset(name: module, bytes: Array(ModuleBundle(module).text.utf8)) }
}

// The pages and what they are made of, which is inside the binary.
extension Dashboard {
  var pageRoutes: [Route] {
    let scripts = Dictionary(uniqueKeysWithValues: Page.all.map { ($0.module, $0.script) })
    return Page.all.map { page in
      Route("GET", page.path, "A page") { request, arguments in
        page.document(arguments).response(to: request)
      }
    } + [
      Route("GET", "/assets/{name}", "What the pages are made of") { request, arguments in
        let name = arguments["name"]
        guard let asset = scripts[name] ?? Asset(named: name), !asset.name.hasSuffix(".html") else {
          throw RequestError(
            .notFound, "there is no asset `\(name)`", "open the pages at /")
        }
        return asset.response(to: request)
      }
    ]
  }
}
