internal import ArgumentParser
internal import OuterloopFetch
internal import OuterloopLab
internal import OuterloopPlatform
internal import OuterloopText

/// `outerloop data list`.
struct DataList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show the data sets that can be fetched.",
    discussion: "JSON: an array of objects with the keys name, summary, bytes, folder, isFetched.")

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() throws {
    let rows = PublishedDataSet.all.map { set in
      let folder = DataCache.folder(for: set)
      return ListedData(
        name: set.name, summary: set.summary, bytes: set.bytes, folder: folder,
        isFetched: set.isFetched)
    }
    guard !output.json else { return try Terminal.print(JSONText.of(rows)) }
    let width = rows.map(\.name.count).max() ?? 0
    let lines = rows.map { row in
      let name = row.name + String(repeating: " ", count: width - row.name.count)
      let size = NumberText.fixed(Double(row.bytes) / 1e6, digits: 1)
      return "\(name)  \(row.summary), \(size) MB  "
        + (row.isFetched ? "in \(row.folder)" : "not fetched")
    }
    try Terminal.print(lines.joined(separator: "\n"))
  }
}

/// A line of `data list`.
struct ListedData: Encodable {
  var name, summary: String
  var bytes: Int
  /// Where it is, or would be.
  var folder: String
  var isFetched: Bool
}

extension PublishedDataSet {
  /// Whether all files are in the cache; they got their names only when they were verified.
  var isFetched: Bool {
    let folder = DataCache.folder(for: self)
    return files.allSatisfy { access("\(folder)/\($0.name)", R_OK) == 0 }
  }
}
