internal import ArgumentParser
internal import OuterloopFetch
internal import OuterloopLab
internal import OuterloopPlatform
internal import OuterloopText
internal import Synchronization

/// `outerloop data`: published data sets.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List and download published data sets.",
    discussion: """
      A data set that was fetched can be named instead of a folder: `outerloop clean --data mnist`. \
      It is kept in OUTERLOOP_CACHE, else in outerloop in XDG_CACHE_HOME, else in \
      ~/.cache/outerloop.
      """,
    subcommands: [DataFetch.self, DataList.self])
}

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
  /// Whether all files are in the cache; a file gets its name only once it is verified.
  var isFetched: Bool {
    let folder = DataCache.folder(for: self)
    return files.allSatisfy { access("\(folder)/\($0.name)", R_OK) == 0 }
  }
}

/// `outerloop data fetch`.
struct DataFetch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Download a data set, verified by checksum.",
    discussion: """
      Prints the folder to give to --data. An interrupted download continues where \
      it stopped; files that are complete are not downloaded again. JSON keys: name, folder, files \
      (path, bytes, wasPresent).
      """)

  @Argument(help: "Its name, as `outerloop data list` shows it.")
  var name: String

  @Option(
    help: ArgumentHelp("A web folder with the files, instead of the usual ones.", valueName: "url"))
  var mirror: String?

  @Option(
    help: ArgumentHelp("Folder to download to. Default: the cache.", valueName: "folder"))
  var into: String?

  @OptionGroup var replacement: ReplacementOption

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func validate() throws {
    guard PublishedDataSet.named(name) != nil else {
      let known = PublishedDataSet.all.map(\.name).joined(separator: ", ")
      throw ValidationError("no data set is called '\(name)'; known are \(known)")
    }
  }

  func run() async throws {
    guard let set = PublishedDataSet.named(name) else { return }
    let folder = into ?? DataCache.folder(for: set)
    let line = Mutex(Progress(conversation))
    let fetched: [Downloader.Fetched]
    do {
      // The cache belongs to this command: damaged files are replaced there.
      let replacesOthers = into == nil || replacement.force
      fetched = try await Downloader(mirror: mirror).fetch(
        set, into: folder, replacesOthers: replacesOthers
      ) { state in
        line.withLock { $0.download(state) }
      }
    } catch {
      line.withLock { $0.clear() }
      throw error
    }
    line.withLock { $0.clear() }
    let files = zip(set.files, fetched).map { file, result in
      FetchedData.File(path: result.path, bytes: file.bytes, wasPresent: result.wasPresent)
    }
    let result = FetchedData(name: name, folder: folder, files: files)
    try Terminal.print(conversation.json ? JSONText.of(result) : folder)
    if into == nil {
      line.withLock { $0.say("\nnext: outerloop clean --data \(name)") }
    } else {
      line.withLock { $0.say("\nnext: outerloop clean --data \(CommandText.quoted(folder))") }
    }
  }
}

/// What `data fetch --json` prints.
struct FetchedData: Encodable {
  struct File: Encodable {
    var path: String
    var bytes: Int
    /// Whether it was there before.
    var wasPresent: Bool
  }

  var name, folder: String
  var files: [File]
}

extension Progress {
  /// Shows the progress of a file.
  mutating func download(_ state: DownloadProgress) {
    func megabytes(_ bytes: Int) -> String {
      NumberText.fixed(Double(bytes) / 1e6, digits: 1)
    }
    let isDone = state.received >= state.total
    guard isDone || isDue else { return }
    var text = "\(state.file)  \(megabytes(state.received)) of \(megabytes(state.total)) MB"
    if !isDone, state.bytesPerSecond > 0 {
      let left = Double(state.total - state.received) / state.bytesPerSecond
      text += "  eta \(Self.time(left))"
    }
    show(text)
  }
}
