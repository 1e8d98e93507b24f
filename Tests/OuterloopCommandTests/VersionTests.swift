import Foundation
import Testing

@Suite struct VersionTests {
  let tool = Tool()

  @Test func number() throws {
    #expect(try tool.run(["--version"]).out == "outerloop 0.1.0\n")
    #expect(try tool.run(["version"]).out == "outerloop 0.1.0\n")
  }

  @Test func details() throws {
    for words in [["--version", "--verbose"], ["version", "--verbose"]] {
      let text = try tool.run(words).out
      #expect(text.hasPrefix("outerloop    0.1.0\nSwift        6."))
      #expect(text.contains("\nBLAS         "))
      #expect(text.contains("\nprocessor    "))
      #expect(text.contains("\nelementwise  "))
    }
    #expect(try keys(["version", "--verbose", "--json"], [:]) == Self.keys)
    // A library that is missing leaves the keys as they are.
    let missing = ["OUTERLOOP_BLAS": tool.file("missing.so")]
    #expect(try keys(["version", "--verbose", "--json"], missing) == Self.keys)
    let text = try tool.run(["version", "--verbose"], environment: missing).out
    #expect(text.contains("BLAS         unavailable: the linear algebra library "))
    #expect(text.contains("missing.so does not open: "))
  }

  static let keys: Set<String> = [
    "blas", "blasFamily", "blasFamilyAsked", "blasFamilyAskedBy", "blasFamilyPassedOver",
    "blasFamilyPin", "blasPath", "instructionSet", "processor", "swift", "threads", "version",
  ]

  func keys(_ words: [String], _ environment: [String: String]) throws -> Set<String> {
    Set(try object(words, environment).keys)
  }

  func object(_ words: [String], _ environment: [String: String]) throws -> [String: Any] {
    try tool.run(words, environment: environment).object
  }

  @Test func pinned() throws {
    let pin = ["OPENBLAS_CORETYPE": "Prescott"]
    let text = try tool.run(["version", "--verbose"], environment: pin).out
    #expect(text.contains("OPENBLAS_CORETYPE=Prescott is set, which pins the kernel family\n"))
    #expect(text.contains(", where OPENBLAS_CORETYPE asks for Prescott\n"))
    let object = try object(["version", "--verbose", "--json"], pin)
    #expect(object["blasFamilyPin"] as? String == "Prescott")
    #expect(object["blasFamilyAsked"] as? String == "Prescott")
    #expect(object["blasFamilyAskedBy"] as? String == "OPENBLAS_CORETYPE")
  }

  /// A library that takes every processor for one of 2004 unless it is asked for another family,
  /// and knows one family more than that.
  static let unaware = """
    #include <stdlib.h>
    #include <strings.h>
    static const char *core = "Prescott";
    __attribute__((constructor)) static void choose(void) {
      const char *wish = getenv("OPENBLAS_CORETYPE");
      if (wish && strcasecmp(wish, "Haswell") == 0) core = "Haswell";
    }
    const char *openblas_get_corename(void) { return core; }
    const char *openblas_get_config(void) { return "OpenBLAS 0.3.21 DYNAMIC_ARCH Prescott"; }
    #define NOTHING(name) void name(void) {}
    NOTHING(cblas_sgemm) NOTHING(cblas_dgemm) NOTHING(cblas_sgemv) NOTHING(cblas_dgemv)
    NOTHING(cblas_strsm) NOTHING(cblas_dtrsm) NOTHING(spotrf_) NOTHING(dpotrf_) NOTHING(dpotrs_)
    NOTHING(dlauum_) NOTHING(dtrtri_) NOTHING(dpocon_) NOTHING(dsytrf_)
    NOTHING(dsytrs_) NOTHING(dsycon_)
    """

  func compile(_ source: String, _ name: String) throws -> String {
    try tool.write(source, name + ".c")
    let ending = try tool.run([], shell: "clang -shared -fPIC -o \(name) \(name).c")
    try #require(ending.status == 0, "clang, which comes with Swift: \(ending.err)")
    return tool.file(name)
  }

  #if os(Linux) && arch(x86_64)
    @Test func unknownProcessor() throws {
      let named = [
        "OUTERLOOP_BLAS": try compile(Self.unaware, "unaware.so"), "OPENBLAS_CORETYPE": "",
      ]
      let json = ["version", "--verbose", "--json"]
      let object = try object(json, named)
      let extensions = object["processor"] as? [String] ?? []
      try #require(extensions.contains("avx2"))
      // The library lacks what is for AVX-512: the next best is what it has.
      #expect(object["blasFamily"] as? String == "Haswell")
      #expect(object["blasFamilyAsked"] as? String == "Haswell")
      #expect(object["blasFamilyAskedBy"] as? String == "outerloop")
      #expect(object["blasFamilyPassedOver"] as? String == "Prescott")
      #expect((object["blasPath"] as? String)?.hasSuffix("/unaware.so") == true)
      let text = try tool.run(["version", "--verbose"], environment: named).out
      #expect(text.contains("BLAS         OpenBLAS 0.3.21 (Haswell)\n"))
      #expect(
        text.contains(
          "kernels      Haswell, where outerloop asked for Haswell;"
            + " the library does not know this processor and chose Prescott\n"))
    }

    @Test func wideIntegers() throws {
      let wide = try compile("void scipy_cblas_sgemm64_(void) {}", "wide.so")
      let text = try tool.run(["version", "--verbose"], environment: ["OUTERLOOP_BLAS": wide]).out
      #expect(
        text.contains(
          "wide.so has integers of 64 bits; use one with integers of 32 bits:"
            + " pip install scipy-openblas32\n"))
      let other = try compile("void nothing(void) {}", "other.so")
      let lacking = try tool.run(["version", "--verbose"], environment: ["OUTERLOOP_BLAS": other])
      #expect(lacking.out.contains("the linear algebra library lacks cblas_sgemm"))
    }
  #endif
}
