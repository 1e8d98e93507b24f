import COuterloopKernels
import Testing

struct ConvolutionCase: Sendable, CustomTestStringConvertible {
  var n = 2, h = 7, w = 6, c = 3, kh = 3, kw = 3, o = 4
  var stride = (1, 1), pad = (0, 0), dilation = (1, 1)
  var oh = 0, ow = 0  // 0: as many as fit without padding at the far side

  var testDescription: String {
    "\(n)x\(h)x\(w)x\(c) \(kh)x\(kw)x\(o) s\(stride) p\(pad) d\(dilation) -> \(oh)x\(ow)"
  }

  var descriptor: ol_convolution {
    var s = ol_convolution()
    (s.n, s.h, s.w, s.c) = (Int64(n), Int64(h), Int64(w), Int64(c))
    (s.kh, s.kw, s.o) = (Int64(kh), Int64(kw), Int64(o))
    (s.stride_h, s.stride_w) = (Int64(stride.0), Int64(stride.1))
    (s.pad_top, s.pad_left) = (Int64(pad.0), Int64(pad.1))
    (s.dilation_h, s.dilation_w) = (Int64(dilation.0), Int64(dilation.1))
    s.oh = Int64(oh > 0 ? oh : (h + pad.0 - (kh - 1) * dilation.0 - 1) / stride.0 + 1)
    s.ow = Int64(ow > 0 ? ow : (w + pad.1 - (kw - 1) * dilation.1 - 1) / stride.1 + 1)
    return s
  }

  static let forms: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = []
    for stride in [(1, 1), (2, 1), (2, 2), (3, 2)] {
      for dilation in [(1, 1), (1, 2), (2, 1), (3, 2)] {
        for (pad, far) in [((0, 0), 0), ((1, 1), 1), ((2, 0), 0), ((0, 2), 3)] {
          var form = ConvolutionCase(h: 9, w: 10, stride: stride, pad: pad, dilation: dilation)
          form.oh = (form.h + pad.0 + far - 2 * dilation.0 - 1) / stride.0 + 1
          form.ow = (form.w + pad.1 + far - 2 * dilation.1 - 1) / stride.1 + 1
          cases.append(form)
        }
      }
    }
    cases += [
      ConvolutionCase(n: 5, h: 28, w: 28, c: 1, o: 8, pad: (1, 1), oh: 28, ow: 28),
      ConvolutionCase(n: 18, h: 14, w: 15, c: 8, o: 16, pad: (1, 1), oh: 14, ow: 15),
      ConvolutionCase(n: 3, h: 12, w: 12, c: 16, o: 33),
      ConvolutionCase(n: 20, h: 6, w: 5, c: 5, kh: 1, kw: 1, o: 70),
      ConvolutionCase(h: 5, w: 5, kh: 5, kw: 4, o: 10),
      ConvolutionCase(h: 5, w: 9, kh: 2, kw: 3, stride: (4, 5)),
      ConvolutionCase(h: 8, w: 8, pad: (-1, -2), oh: 4, ow: 3),  // a crop
      ConvolutionCase(h: 4, w: 4, pad: (3, 4), oh: 8, ow: 10),  // outputs that see only zeros
      ConvolutionCase(n: 0), ConvolutionCase(c: 0), ConvolutionCase(o: 0),
      ConvolutionCase(h: 30, w: 3, c: 40, kh: 3, kw: 1, o: 200, stride: (2, 1)),
    ]
    return cases
  }()
}

@Suite struct ConvolutionKernelTests {
  typealias Kernel = (
    UnsafePointer<ol_convolution>, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer,
    UnsafeMutableRawPointer, Int32
  ) -> Void

  @Test(arguments: ConvolutionCase.forms)
  func matchesTheDefinition(_ form: ConvolutionCase) {
    check(form, Float.self, tolerance: 2e-6)
    check(form, Double.self, tolerance: 1e-14)
  }

  private func check<T: KernelScalar>(_ form: ConvolutionCase, _: T.Type, tolerance: Double) {
    var s = form.descriptor
    s.dtype = Int32(T.dtype.rawValue)
    let (oh, ow) = (Int(s.oh), Int(s.ow))
    let xCount = form.n * form.h * form.w * form.c
    let filterCount = form.kh * form.kw * form.c * form.o
    let yCount = form.n * oh * ow * form.o
    var numbers = TestNumbers(seed: UInt64(xCount + filterCount))
    let x: [T] = numbers.values(xCount)
    let filter: [T] = numbers.values(filterCount)
    let g: [T] = numbers.values(yCount)

    var wantY = [Double](repeating: 0, count: yCount)
    var wantX = [Double](repeating: 0, count: xCount)
    var wantFilter = [Double](repeating: 0, count: filterCount)
    for (i, p, q) in triples(form.n, oh, ow) {
      for (u, v, c) in triples(form.kh, form.kw, form.c) {
        let row = p * form.stride.0 + u * form.dilation.0 - form.pad.0
        let column = q * form.stride.1 + v * form.dilation.1 - form.pad.1
        guard 0..<form.h ~= row, 0..<form.w ~= column else { continue }
        let xAt = ((i * form.h + row) * form.w + column) * form.c + c
        let filterAt = ((u * form.kw + v) * form.c + c) * form.o
        let yAt = ((i * oh + p) * ow + q) * form.o
        for o in 0..<form.o {
          wantY[yAt + o] += Double(x[xAt]) * Double(filter[filterAt + o])
          wantX[xAt] += Double(g[yAt + o]) * Double(filter[filterAt + o])
          wantFilter[filterAt + o] += Double(x[xAt]) * Double(g[yAt + o])
        }
      }
    }
    // Rounding grows at most like the number of terms; for these numbers like its root.
    let taps = form.kh * form.kw
    compare(s, ol_convolution_forward, x, filter, wantY, tolerance, terms: taps * form.c, "forward")
    compare(s, ol_convolution_input, g, filter, wantX, tolerance, terms: taps * form.o, "input")
    compare(
      s, ol_convolution_filter, x, g, wantFilter, tolerance, terms: form.n * oh * ow, "filter")
  }

  private func compare<T: KernelScalar>(
    _ descriptor: ol_convolution, _ kernel: Kernel, _ first: [T], _ second: [T], _ want: [Double],
    _ tolerance: Double, terms: Int, _ name: String
  ) {
    var s = descriptor
    onEveryInstructionSet { isa in
      var serial: [T]?
      for threads: Int32 in [1, 2, 4] {
        var out = [T](repeating: .nan, count: want.count)
        let fenced = withScratch(ol_convolution_scratch_bytes(&s, threads)) { scratch in
          kernel(&s, first, second, &out, scratch, threads)
        }
        #expect(fenced, "\(name) wrote past the scratch on \(isa)")
        let worst = worstDifference(out, want, scale: max(1, Double(terms).squareRoot()))
        #expect(worst <= tolerance, "\(name), \(T.self) on \(isa), \(threads) threads")
        if let serial { #expect(out.sameBits(as: serial), "\(name), \(T.self) on \(isa)") }
        serial = serial ?? out
      }
    }
  }

  @Test(arguments: [((1, 1), (1, 1)), ((2, 3), (1, 1)), ((1, 2), (2, 1)), ((2, 1), (1, 2))])
  func windowsAndTheirTranspose(_ stride: (Int, Int), _ dilation: (Int, Int)) {
    let form = ConvolutionCase(
      n: 3, h: 9, w: 8, c: 2, kh: 3, kw: 2, stride: stride, dilation: dilation)
    var s = form.descriptor
    let (oh, ow) = (Int(s.oh), Int(s.ow))
    var numbers = TestNumbers(seed: 5)
    let x: [Float] = numbers.values(3 * 9 * 8 * 2)
    let g: [Float] = numbers.values(3 * oh * ow * 3 * 2 * 2)
    var wantWindows: [Float] = []
    var wantBack = [Float](repeating: 0, count: x.count)
    for (i, p, q) in triples(3, oh, ow) {
      for (u, v, c) in triples(3, 2, 2) {
        let row = p * stride.0 + u * dilation.0
        let at = ((i * 9 + row) * 8 + q * stride.1 + v * dilation.1) * 2 + c
        wantBack[at] += g[wantWindows.count]
        wantWindows.append(x[at])
      }
    }
    for threads: Int32 in [1, 2] {
      var windows = [Float](repeating: .nan, count: g.count)
      ol_windows(&s, x, &windows, threads)
      #expect(windows == wantWindows)
      var back = [Float](repeating: .nan, count: x.count)
      ol_windows_transpose(&s, g, &back, threads)
      #expect(worstDifference(back, wantBack.map(Double.init), scale: 1) < 1e-6)
    }
  }
}

private func triples(_ a: Int, _ b: Int, _ c: Int) -> [(Int, Int, Int)] {
  (0..<a).flatMap { i in (0..<b).flatMap { j in (0..<c).map { (i, j, $0) } } }
}
