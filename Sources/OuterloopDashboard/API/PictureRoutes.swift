internal import OuterloopCharts
internal import OuterloopStudy
internal import OuterloopText

// Pictures of a study, and of several.
extension Dashboard {
  var pictureRoutes: [Route] {
    [
      Route(
        "GET", "\(Self.root)/studies/{study}/plots/{plot}.svg", "A picture of a study",
        query: [
          .text("objective"), .oneOf("direction", ["minimize", "maximize"]), Self.scale,
          .count("compare").repeated, .degrees("azimuth"), .degrees("elevation"),
        ]
      ) { request, arguments in
        let svg = try await picture(
          arguments["plot"], of: study(arguments), PictureOptions(request.query))
        return .text(svg, type: "image/svg+xml")
      },
      Route("GET", "\(Self.root)/studies/{study}/report.html", "A study as one file") {
        _, arguments in
        let study = try await study(arguments)
        let report = await StudyReport(study, environment)
        let name = await study.specification.name
        return .text(report.html, type: "text/html").saved(as: "\(name).html")
      },
      Route(
        "GET", "\(Self.root)/compare.svg", "The best value so far of several studies",
        query: [.numbers("studies"), .text("objective"), Self.scale, .flag("together")]
      ) { request, _ in
        .text(try await comparison(request.query), type: "image/svg+xml")
      },
    ]
  }

  private static let scale = RouteParameter.oneOf("scale", ["auto", "linear", "log"])

  func picture(
    _ name: String, of study: FollowedStudy, _ options: PictureOptions
  ) async throws -> String {
    guard let plot = StudyPlot(named: name) else {
      let names = StudyPlot.all.map(\.name)
      throw RequestError(
        .notFound, "there is no picture `\(name)`",
        Spelling.remedy(for: name, among: names, called: "pictures"))
    }
    var figures = await study.figures
    figures.scale = options.scale
    if let azimuth = options.azimuth { figures.viewpoint.azimuth = azimuth }
    if let elevation = options.elevation { figures.viewpoint.elevation = elevation }
    var metrics: [String] = []
    if let metric = options.metric {
      if !figures.specification.objectives.contains(where: { $0.metric == metric }) {
        guard await study.metrics.contains(metric) else {
          throw RequestError(
            .notFound, "the study has no metric `\(metric)`",
            Spelling.remedy(for: metric, among: await study.metrics, called: "metrics"))
        }
        figures = figures.showing(Objective(metric, options.direction))
      }
      metrics = [metric]
    }
    var others: [StudyFigures] = []
    for number in options.others { others.append(await (try studies.study(number)).figures) }
    do {
      let pictures = try figures.pictures(plot, of: metrics, comparedWith: others)
      // Several objectives without a choice: the first.
      return pictures[0].svg
    } catch { throw RequestError(.conflict, error.what, error.remedy) }
  }

  private func comparison(_ query: Query) async throws -> String {
    let numbers = (query["studies"] ?? "").split(separator: ",").map { Int($0) }
    guard !numbers.isEmpty, numbers.allSatisfy({ $0 != nil }) else {
      throw RequestError(.badRequest, "no studies are named", "name them as in studies=1,2")
    }
    guard numbers.count <= 100 else {
      throw RequestError(.badRequest, "\(numbers.count) studies are named", "compare up to 100")
    }
    var figures: [StudyFigures] = []
    for number in numbers.compactMap(\.self) {
      figures.append(await (try studies.study(number)).figures)
    }
    let metric = query["objective"] ?? figures[0].specification.objectives[0].metric
    do {
      return try StudyComparison(
        figures, of: metric, scale: PictureOptions(query).scale, joinsSeeds: query.flag("together")
      ).svg
    } catch let error as StudyError { throw RequestError(.conflict, error.what, error.remedy) }
  }
}

/// The options of a requested picture.
struct PictureOptions {
  var metric: String?
  var direction = Objective.Direction.minimize
  var scale: AxisScale?
  var others: [Int] = []
  /// The viewpoint of 3-D pictures, in degrees.
  var azimuth, elevation: Double?

  init() {}

  init(_ query: Query) throws {
    metric = query["objective"].flatMap { $0.isEmpty ? nil : $0 }
    if let text = query["direction"] {
      guard let direction = Objective.Direction(rawValue: text) else {
        throw RequestError(.badRequest, "direction is `\(text)`", "say minimize or maximize")
      }
      self.direction = direction
    }
    switch query["scale"] {
    case nil, "", "auto": break
    case "log": scale = .log
    case "linear": scale = .linear
    case let text?: throw RequestError(.badRequest, "scale is `\(text)`", "say log or linear")
    }
    azimuth = try Self.degrees("azimuth", query)
    elevation = try Self.degrees("elevation", query)
    others = try query.all("compare").map { text in
      guard let number = Int(text) else {
        throw RequestError(.badRequest, "compare is `\(text)`", "name a study by its number")
      }
      return number
    }
  }

  private static func degrees(_ name: String, _ query: Query) throws -> Double? {
    guard let text = query[name] else { return nil }
    guard let degrees = Double(text), abs(degrees) <= 1e6 else {
      throw RequestError(.badRequest, "\(name) is `\(text)`", "give an angle in degrees")
    }
    return degrees
  }
}
