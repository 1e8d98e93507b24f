import Foundation
import Testing

@testable import OuterloopNumerics

@Suite struct BLASFilesTests {
  /// A machine in a folder: files of no content at the paths given.
  final class Machine {
    let root = NSTemporaryDirectory() + "outerloop [blas] " + UUID().uuidString

    init(_ files: [String]) throws {
      for file in files {
        let url = URL(fileURLWithPath: root + "/" + file)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: url)
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func link(_ path: String, to target: String) throws {
      let url = URL(fileURLWithPath: root + "/" + path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: url.path, withDestinationPath: root + "/" + target)
    }

    /// Paths in order, those inside the folder without it.
    func candidates(_ variables: [String: String] = [:]) -> [String] {
      let root = root
      let values = variables.mapValues { $0.replacingOccurrences(of: "@", with: root) }
      let escaped = root.replacingOccurrences(of: "[", with: "\\[")
        .replacingOccurrences(of: "]", with: "\\]")
      let files = BLASFiles(
        environment: { values[$0] }, systemFolders: [escaped + "/usr/lib/*-linux-*"],
        prefixes: [root + "/usr/local", root + "/usr"])
      return files.candidates.map { $0.path.replacingOccurrences(of: root + "/", with: "") }
    }
  }

  static let system = ["libopenblas.so.0", "libopenblas.so", "libopenblasp.so.0"]

  /// The files of the package in an environment.
  static func package(_ prefix: String, _ version: String) -> [String] {
    let folder = prefix + "/lib/python3.11/site-packages/scipy_openblas32"
    return [folder + "/lib/libscipy_openblas.so", folder + "-\(version).dist-info/METADATA"]
  }

  static func library(_ prefix: String) -> String { package(prefix, "")[0] }

  @Test func systemAlone() throws {
    #expect(try Machine([]).candidates() == Self.system)
  }

  @Test func newerPackageFirst() throws {
    let machine = try Machine(
      ["usr/lib/x86_64-linux-gnu/libopenblasp-r0.3.21.so"] + Self.package("venv", "0.3.34.481.3"))
    try machine.link(
      "usr/lib/x86_64-linux-gnu/libopenblas.so.0",
      to: "usr/lib/x86_64-linux-gnu/libopenblasp-r0.3.21.so")
    let variables = ["VIRTUAL_ENV": "@/venv"]
    #expect(machine.candidates(variables) == [Self.library("venv")] + Self.system)
    #expect(machine.candidates() == Self.system)
  }

  @Test(arguments: ["0.3.21.1", "0.3.9", "none"])
  func systemFirstUnlessOlder(version: String) throws {
    let machine = try Machine(
      ["usr/lib/x86_64-linux-gnu/libopenblasp-r0.3.21.so"] + Self.package("venv", version))
    try machine.link(
      "usr/lib/x86_64-linux-gnu/libopenblas.so.0",
      to: "usr/lib/x86_64-linux-gnu/libopenblasp-r0.3.21.so")
    #expect(
      machine.candidates(["VIRTUAL_ENV": "@/venv"]) == Self.system + [Self.library("venv")])
  }

  @Test func newestPackageFirst() throws {
    let machine = try Machine(
      Self.package("home/.local", "0.3.9.1") + Self.package("venv", "0.3.28.1")
        + Self.package("usr/local", "0.3.28.2"))
    #expect(
      machine.candidates(["VIRTUAL_ENV": "@/venv", "HOME": "@/home"])
        == ["venv", "usr/local", "home/.local"].map(Self.library) + Self.system)
  }

  @Test func followsThePath() throws {
    let machine = try Machine(
      ["opt/python/bin/python3.11", "pyenv/shims/python3"] + Self.package("opt/python", "0.3.30.1")
        + Self.package("pyenv/versions/3.12.1", "0.3.31.1") + Self.package("venv", "0.3.34.1"))
    try machine.link("bin/python3", to: "opt/python/bin/python3.11")
    try machine.link("venv/bin/python3", to: "opt/python/bin/python3.11")
    #expect(
      machine.candidates(["PATH": "/nowhere:@/bin"])
        == [Self.library("opt/python")] + Self.system)
    #expect(
      machine.candidates(["PATH": "@/pyenv/shims:@/bin"])
        == ["pyenv/versions/3.12.1", "opt/python"].map(Self.library) + Self.system)
    #expect(
      machine.candidates(["PATH": "@/venv/bin"])
        == ["venv", "opt/python"].map(Self.library) + Self.system)
  }

  @Test func condaAndLibraryPath() throws {
    let machine = try Machine(
      ["conda/lib/libopenblasp-r0.3.30.so", "own/libopenblas.so.0"])
    try machine.link("conda/lib/libopenblas.so.0", to: "conda/lib/libopenblasp-r0.3.30.so")
    let conda = ["CONDA_PREFIX": "@/conda"]
    #expect(machine.candidates(conda) == ["conda/lib/libopenblas.so.0"] + Self.system)
    // Who leads the loader to a library means it.
    let both = conda.merging(["LD_LIBRARY_PATH": "@/other:@/own"]) { $1 }
    #expect(machine.candidates(both) == Self.system + ["conda/lib/libopenblas.so.0"])
  }

  @Test func wheelsLast() throws {
    let folder = "venv/lib/python3.12/site-packages/"
    let machine = try Machine([
      folder + "scipy.libs/libscipy_openblas-6cdc3b4a.so",
      folder + "numpy.libs/libscipy_openblas64_-32a4b2a6.so",
    ])
    #expect(
      machine.candidates(["VIRTUAL_ENV": "@/venv"])
        == Self.system + [folder + "scipy.libs/libscipy_openblas-6cdc3b4a.so"])
  }

  @Test func theUsersWord() {
    let files = BLASFiles(
      environment: { ["OUTERLOOP_BLAS": "/a/b.so"][$0] }, systemFolders: [], prefixes: [])
    #expect(files.named == "/a/b.so")
    let empty = BLASFiles(environment: { _ in "" }, systemFolders: [], prefixes: [])
    #expect(empty.named == nil)
  }
}
