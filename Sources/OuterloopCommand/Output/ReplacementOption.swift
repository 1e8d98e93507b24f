internal import ArgumentParser
internal import OuterloopFiles

/// Whether files that are there may be replaced.
struct ReplacementOption: ParsableArguments {
  @Flag(help: "Replace an ordinary file that is there.")
  var force = false

  var files: Replacement { force ? .ordinaryFiles : .nothing }
}
