internal import OuterloopPlatform

/// The names of the files in a folder, searched for data sets.
struct DataFolder {
  let path: String
  /// Sorted, so that what is found does not depend on the file system.
  let names: [String]

  func joined(_ name: String) -> String {
    path.hasSuffix("/") ? path + name : path + "/" + name
  }

  /// The first IDX file with this prefix, plain before gzip.
  func first(prefix: String) -> String? {
    let found = names.filter { name in
      name.hasPrefix(prefix) && (!name.contains(".") || isFinished(name))
    }
    return found.first { !$0.hasSuffix(".gz") } ?? found.first
  }

  /// The path of the first of these files that exists, plain or gzip.
  func first(names wanted: [String]) -> String? {
    wanted.flatMap { [$0, $0 + ".gz"] }.first(where: names.contains).map(joined)
  }

  /// The paths of the only file with one of these extensions, and of its test part, whose name has
  /// `test` before the extension.
  func single(
    suffixes: [String], test: String?
  ) throws(DataError) -> (train: String, test: String?)? {
    let endings = suffixes.flatMap { [$0, $0 + ".gz"] }
    // The same file may exist plain and as gzip.
    var stems: [(stem: String, name: String)] = []
    for ending in endings {
      for name in names where name.hasSuffix(ending) && name.count > ending.count {
        let stem = String(name.dropLast(ending.count))
        if !stems.contains(where: { $0.stem == stem }) { stems.append((stem, name)) }
      }
    }
    let trains = stems.filter { candidate in
      guard let test, candidate.stem.hasSuffix(test) else { return true }
      return !stems.contains { $0.stem + test == candidate.stem }
    }
    guard let train = trains.first else { return nil }
    guard trains.count == 1 else {
      throw DataError(
        .ambiguous, file: path,
        what: "several data sets: \(trains.map(\.name).sorted().joined(separator: ", "))",
        remedy: "name one of the files")
    }
    let other = test.flatMap { test in stems.first { $0.stem == train.stem + test } }
    return (joined(train.name), other.map { joined($0.name) })
  }

  func nothingFound() -> DataError {
    let shown = names.prefix(8).joined(separator: ", ")
    let found = names.isEmpty ? "nothing" : names.count > 8 ? shown + ", ..." : shown
    return DataError(
      .missing, file: path,
      what: "no data set in this folder, which holds \(found)",
      remedy: "put there train-images-idx3-ubyte[.gz] and train-labels-idx1-ubyte[.gz] (and"
        + " t10k-*), or train.csv (and test.csv), or one .csv or .svm file")
  }

  /// Unfinished downloads and notes are not data.
  private func isFinished(_ name: String) -> Bool {
    [".gz", "-ubyte", "-int", "-float", "-double", ".idx"].contains { name.hasSuffix($0) }
  }
}

/// The names in a folder, sorted; nil when `path` is not a folder.
func listFolder(_ path: String) throws(DataError) -> [String]? {
  guard !path.isEmpty, !path.utf8.contains(0) else { throw RawBytes.refusal(path, ENOENT) }
  guard let names = CLibrary.names(inFolder: path) else {
    if errno == ENOTDIR { return nil }
    throw RawBytes.refusal(path, errno)
  }
  return names.filter { !$0.hasPrefix(".") }.sorted()
}
