internal import ArgumentParser
internal import OuterloopFiles

/// Whether existing files may be replaced.
struct ReplacementOption: ParsableArguments {
  @Flag(help: "Replace an existing ordinary file.")
  var force = false

  var files: Replacement { force ? .ordinaryFiles : .nothing }
}
