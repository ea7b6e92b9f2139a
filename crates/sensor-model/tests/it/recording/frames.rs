//! Thermal frames, format by format.

use std::io::Cursor;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sensor_model::recording::{
    FrameOptions, FrameRate, Scale, TelemetryLines, Y16Frames, open_frames,
};
use sensor_model::{FRAME_PIXELS, ThermalFrame};
use tiff::encoder::colortype::{ColorType, Gray8, Gray16, Gray32Float, GrayI16, RGB8};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue};
use tiff::tags::Predictor;

use super::{
    PURETHERMAL, accepted, bytes_of, check_rejected, container, file, gzip, scene, shared,
    y16_options,
};

/// Telemetry of a normal frame: `TLinear` on at 0.01 K, with this clock and flat-field correction state.
fn telemetry(clock_ms: u32, ffc_state: u16) -> Vec<u16> {
    let mut words = vec![0; 320];
    (words[1], words[2]) = (clock_ms as u16, (clock_ms >> 16) as u16);
    words[3] = ffc_state << 4;
    (words[208], words[209]) = (1, 1);
    words
}

fn with_telemetry(lines: TelemetryLines) -> FrameOptions {
    FrameOptions {
        rate: None,
        telemetry: lines,
        ..y16_options()
    }
}

#[test]
fn the_real_container_gives_the_temperatures_computed_by_numpy() {
    let Some(path) = shared(PURETHERMAL) else {
        return;
    };
    let reader = open_frames(&path, &FrameOptions::default()).unwrap();
    assert!((reader.start_unix_s().unwrap() - 1_778_613_342.724_839).abs() < 1e-5);
    let frames: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(frames.len(), 82);
    for (frame, mean, max) in [
        (0, 22.760_263, 33.41),
        (1, 22.779_314, 33.39),
        (40, 22.639_983, 32.26),
        (81, 22.206_424, 31.12),
    ] {
        let celsius = frames[frame].celsius();
        let found =
            celsius.iter().map(|&value| f64::from(value)).sum::<f64>() / FRAME_PIXELS as f64;
        assert!((found - mean).abs() < 1e-5, "{frame}: {found}");
        let hottest = celsius.iter().copied().fold(f32::MIN, f32::max);
        assert!((hottest - max).abs() < 1e-4, "{frame}: {hottest}");
    }
    assert_eq!(frames[0].time_s(), 0.0);
    let lag = frames[40].time_s() - frames[39].time_s();
    assert!((lag - 0.096_195).abs() < 1e-5, "{lag}");
    assert!((frames[81].time_s() - 9.2207).abs() < 1e-3);
    assert!(frames.iter().all(|frame| !frame.shutter_was_closed()));
}

#[test]
fn a_container_of_several_gzip_members_is_one_recording() {
    let bytes = container(|header| header, &[(100.0, scene(0)), (100.1, scene(1))]);
    let (first, second) = bytes.split_at(1_000);
    let members = [gzip(first), gzip(second)].concat();
    assert_eq!(
        accepted("a.y16.gz", &members, &FrameOptions::default()).len(),
        2
    );
}

#[test]
fn a_container_with_an_unsupported_header_is_rejected() {
    let good = [(100.0, scene(0))];
    let none = FrameOptions::default();
    for (from, to, expected) in [
        (
            "\"version\":1",
            "\"version\":2",
            "its header says `version` is 2, but only 1 can be read",
        ),
        ("uint16", "float32", "`dtype` is float32, but only uint16"),
        ("little", "big", "`endianness` is big, but only little"),
        (
            "kelvin_x100_if",
            "counts_if",
            "`raw_unit` is counts_if_radiometric_tlinear",
        ),
        (
            "160",
            "80",
            "the image has 80 x 120 pixels, but a Lepton 3.5 gives 160 x 120",
        ),
        ("{", "[", "the header is invalid; copy the recording again"),
    ] {
        let bytes = container(|header| header.replacen(from, to, 1), &good);
        check_rejected("a.y16.gz", &gzip(&bytes), &none, expected);
    }
    let mut endless = b"PTY16V1\n".to_vec();
    endless.extend(u32::MAX.to_le_bytes());
    check_rejected("a.y16.gz", &gzip(&endless), &none, "the header is invalid");
    check_rejected("a.gz", &gzip(b"something else"), &none, "unknown format");
}

#[test]
fn invalid_frames_in_a_container_are_reported_with_their_number() {
    let reject = |records: &[_], expected: &str| {
        let bytes = container(|header| header, records);
        check_rejected("a.gz", &gzip(&bytes), &FrameOptions::default(), expected);
    };
    reject(&[], "the file has no frame");
    reject(
        &[(100.0, scene(0)), (99.0, scene(1))],
        "frame 2: its time, 99 s, is earlier than the previous one, 100 s; split the recording",
    );
    reject(
        &[(100.0, scene(0)), (f64::NAN, scene(1))],
        "frame 2: the time is invalid",
    );
    // Counts without TLinear, as in the CPTV clip.
    reject(
        &[(100.0, vec![2_900; FRAME_PIXELS])],
        "frame 1: x 0, y 0 reads -244.1 C at 0.01 K per count, outside the sensor's range of -40 to 450 C; \
         specify the scale 0.1 K if it was recorded with that",
    );
}

#[test]
fn options_must_not_contradict_a_container() {
    let bytes = gzip(&container(|header| header, &[(100.0, scene(0))]));
    let scale = |scale| FrameOptions {
        scale: Some(scale),
        ..FrameOptions::default()
    };
    assert_eq!(
        accepted("a.gz", &bytes, &scale(Scale::HundredthKelvin)).len(),
        1
    );
    check_rejected(
        "a.gz",
        &bytes,
        &scale(Scale::TenthKelvin),
        "the file states a scale of 0.01 K, but 0.1 K was specified",
    );
    check_rejected(
        "a.gz",
        &bytes,
        &y16_options(),
        "this format does not accept a frame rate",
    );
}

#[test]
fn recordings_without_temperatures_are_rejected() {
    if let Some(path) = shared("cptv_lepton/v1.cptv") {
        let expected = "CPTV has no temperatures: it stores the raw counts of a camera without radiometry; \
                        record with a radiometric Lepton (TLinear on, AGC off) as Y16";
        check_rejected("v1.cptv", &file(&path), &FrameOptions::default(), expected);
    }
    check_rejected(
        "v2.cptv",
        b"CPTV\x02H",
        &FrameOptions::default(),
        "CPTV has no temperatures",
    );
    let grey: Vec<u16> = (0..FRAME_PIXELS).map(|i| i as u16 % 256).collect();
    let expected = "a.y16, frame 1: all values fit into 8 bits: this is a picture made with automatic gain control (AGC)";
    check_rejected("a.y16", &bytes_of(&grey), &y16_options(), expected);
}

#[test]
fn raw_counts_are_converted_with_the_specified_scale() {
    let bytes = [bytes_of(&scene(0)), bytes_of(&scene(1))].concat();
    for name in ["a.y16", "a.RAW"] {
        let frames = accepted(name, &bytes, &y16_options());
        assert_eq!(
            frames.iter().map(ThermalFrame::time_s).collect::<Vec<_>>(),
            [0.0, 0.1]
        );
        for (i, frame) in frames.iter().enumerate() {
            for (count, celsius) in scene(i).iter().zip(frame.celsius()) {
                assert!((f32::from(*count) / 100.0 - 273.15 - celsius).abs() < 1e-3);
            }
        }
    }
    let coarse: Vec<u16> = scene(0).iter().map(|count| count / 10).collect();
    let tenth = FrameOptions {
        scale: Some(Scale::TenthKelvin),
        ..y16_options()
    };
    let frames = accepted("a.y16", &bytes_of(&coarse), &tenth);
    assert!((frames[0].celsius()[0] - 19.95).abs() < 1e-3);
    check_rejected(
        "a.y16",
        &bytes,
        &tenth,
        "a.y16, frame 1: x 0, y 0 reads 2658.4 C at 0.1 K per count, outside the sensor's range of -40 to 450 C; specify the \
         scale 0.01 K if",
    );
}

#[test]
fn missing_options_for_raw_counts_are_never_guessed() {
    let bytes = bytes_of(&scene(0));
    let no_scale = FrameOptions {
        scale: None,
        ..y16_options()
    };
    let no_rate = FrameOptions {
        rate: None,
        ..y16_options()
    };
    for name in ["a.y16", "a.tif"] {
        let bytes = if name == "a.tif" {
            tiff::<Gray16>(160, 120, &[scene(0)])
        } else {
            bytes.clone()
        };
        check_rejected(
            name,
            &bytes,
            &no_scale,
            "the file does not state its scale, which is never guessed; specify 0.01 K or 0.1 K per count",
        );
        check_rejected(
            name,
            &bytes,
            &no_rate,
            "the file has no times; specify the frame rate",
        );
    }
    check_rejected(
        "a.dat",
        &bytes,
        &y16_options(),
        "unknown format; convert it to raw Y16 (.y16 or .raw)",
    );
    check_rejected("a.y16", b"", &y16_options(), "the file has no frame");
}

#[test]
fn an_end_within_a_frame_is_reported() {
    let bytes = [bytes_of(&scene(0)), bytes_of(&scene(1))].concat();
    let mut frames =
        Y16Frames::new(&bytes[..bytes.len() - 1], "a.y16".as_ref(), &y16_options()).unwrap();
    assert!(frames.next().unwrap().is_ok());
    assert_eq!(
        frames.next().unwrap().unwrap_err().to_string(),
        "a.y16, frame 2: the file ends after 38399 of the frame's 38400 bytes; it is incomplete, or its telemetry lines \
         differ from those specified: correct that option, or truncate the file to whole frames"
    );
}

#[test]
fn a_stream_is_read_while_it_grows() {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let mut frames = Y16Frames::new(&mut reader, "-".as_ref(), &y16_options()).unwrap();
    for i in 0..3 {
        // A pipe buffers 64 kB, so a whole frame can be written before it is read.
        std::io::Write::write_all(&mut writer, &bytes_of(&scene(i))).unwrap();
        let frame = frames.next().unwrap().unwrap();
        assert!((frame.time_s() - i as f64 / 10.0).abs() < 1e-12);
    }
    drop(writer);
    assert!(frames.next().is_none());
}

#[test]
fn telemetry_lines_are_removed_and_contain_time_and_shutter_state() {
    let stamps = [(5_000, 0b11), (5_115, 0b01), (5_230, 0b10), (5_345, 0b11)];
    for lines in [TelemetryLines::Header, TelemetryLines::Footer] {
        let mut counts = Vec::new();
        for (i, &(clock_ms, state)) in stamps.iter().enumerate() {
            let (image, telemetry) = (scene(i), telemetry(clock_ms, state));
            match lines {
                TelemetryLines::Header => counts.extend([telemetry, image].concat()),
                _ => counts.extend([image, telemetry].concat()),
            }
        }
        let bytes = bytes_of(&counts);
        let frames = accepted("a.y16", &bytes, &with_telemetry(lines));
        let found: Vec<_> = frames
            .iter()
            .map(|frame| (frame.time_s(), frame.shutter_was_closed()))
            .collect();
        assert_eq!(
            found,
            [(0.0, false), (0.115, false), (0.23, true), (0.345, false)]
        );
        let plain = accepted("a.y16", &bytes_of(&scene(3)), &y16_options());
        assert_eq!(frames[3].celsius(), plain[0].celsius());
        // A specified rate takes precedence over the camera's clock.
        let even = FrameOptions {
            rate: Some(FrameRate::new(4.0).unwrap()),
            ..with_telemetry(lines)
        };
        assert_eq!(accepted("a.y16", &bytes, &even)[3].time_s(), 0.75);
    }
}

#[test]
fn telemetry_that_contradicts_the_options_is_rejected() {
    let footer = with_telemetry(TelemetryLines::Footer);
    let reject = |edit: fn(&mut Vec<u16>), options: &FrameOptions, expected: &str| {
        let mut words = telemetry(5_000, 0);
        edit(&mut words);
        let bytes = bytes_of(&[scene(0), words].concat());
        check_rejected("a.y16", &bytes, options, expected);
    };
    reject(
        |words| words[208] = 0,
        &footer,
        "a.y16, frame 1: its telemetry says that TLinear was off, so its counts are not temperatures; switch TLinear on",
    );
    reject(
        |words| words[3] = 1 << 12,
        &footer,
        "its telemetry says that automatic gain control (AGC) was on",
    );
    reject(
        |words| words[209] = 0,
        &footer,
        "the file states a scale of 0.1 K, but 0.01 K was specified",
    );
    reject(
        |_| {},
        &with_telemetry(TelemetryLines::Header),
        "there is no telemetry where it was expected",
    );
    reject(
        |_| {},
        &y16_options(),
        "the file ends after 640 of the frame's 38400 bytes",
    );
}

#[test]
fn a_restarted_camera_is_distinguished_from_a_clock_that_wraps() {
    let footer = with_telemetry(TelemetryLines::Footer);
    let two = |before, after| {
        let frames = [
            scene(0),
            telemetry(before, 0),
            scene(1),
            telemetry(after, 0),
        ];
        bytes_of(&frames.concat())
    };
    let frames = accepted("a.y16", &two(u32::MAX, 99), &footer);
    assert_eq!(frames[1].time_s(), 0.1);
    check_rejected(
        "a.y16",
        &two(60_000, 99),
        &footer,
        "frame 2: its time, 0.099 s, is earlier than the previous one, 60 s; split the recording where the clock was set \
         back",
    );
}

fn tiff<C: ColorType>(width: u32, height: u32, pages: &[Vec<C::Inner>]) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    compressed::<C>(
        (width, height),
        pages,
        Compression::Uncompressed,
        Predictor::None,
    )
}

fn compressed<C: ColorType>(
    (width, height): (u32, u32),
    pages: &[Vec<C::Inner>],
    compression: Compression,
    predictor: Predictor,
) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes)
        .unwrap()
        .with_compression(compression)
        .with_predictor(predictor);
    for page in pages {
        encoder.write_image::<C>(width, height, page).unwrap();
    }
    bytes.into_inner()
}

#[test]
fn each_page_of_a_tiff_is_a_frame() {
    let pages = [scene(0), scene(1), scene(2)];
    let raw = accepted("a.y16", &bytes_of(&pages.concat()), &y16_options());
    let deflate = Compression::Deflate(DeflateLevel::Fast);
    for (name, compression, predictor) in [
        ("none", Compression::Uncompressed, Predictor::None),
        ("LZW", Compression::Lzw, Predictor::None),
        ("LZW, predictor 2", Compression::Lzw, Predictor::Horizontal),
        ("deflate", deflate, Predictor::None),
    ] {
        let bytes = compressed::<Gray16>((160, 120), &pages, compression, predictor);
        assert_eq!(accepted("a.tiff", &bytes, &y16_options()), raw, "{name}");
    }
    let with_lines = [scene(0), telemetry(7, 0b10)].concat();
    let bytes = tiff::<Gray16>(160, 122, &[with_lines]);
    assert!(
        accepted("a.tiff", &bytes, &with_telemetry(TelemetryLines::Footer))[0].shutter_was_closed()
    );
}

#[test]
fn a_tiff_of_another_camera_or_of_pictures_is_rejected() {
    if let Some(path) = shared("flirpy_radiometric/example_radiometric.tiff") {
        check_rejected(
            "example.tiff",
            &file(&path),
            &y16_options(),
            "example.tiff, frame 1: the image has 640 x 512 pixels, but a Lepton 3.5 gives 160 x 120; recordings of other \
             cameras cannot be used",
        );
    }
    check_rejected(
        "a.tif",
        &tiff::<Gray16>(160, 122, &[vec![29_000; 19_520]]),
        &y16_options(),
        "160 x 122 pixels",
    );
    check_rejected(
        "a.tif",
        &tiff::<Gray8>(160, 120, &[vec![9; 19_200]]),
        &y16_options(),
        "all values fit into 8 bits",
    );
    check_rejected(
        "a.tif",
        &tiff::<RGB8>(160, 120, &[vec![9; 57_600]]),
        &y16_options(),
        "all values fit into 8 bits",
    );
    check_rejected(
        "a.tif",
        &tiff::<Gray32Float>(160, 120, &[vec![20.0; 19_200]]),
        &y16_options(),
        "its pixels are Gray(32); export one unsigned 16-bit value per pixel",
    );
    check_rejected(
        "a.tif",
        &tiff::<GrayI16>(160, 120, &[vec![2_000; 19_200]]),
        &y16_options(),
        "its pixels are signed, or stored in several planes; export one unsigned 16-bit value per pixel",
    );
    let mut cut = tiff::<Gray16>(160, 120, &[scene(0)]);
    cut.truncate(20_000);
    check_rejected(
        "a.tif",
        &cut,
        &y16_options(),
        "a.tif, frame 1 cannot be read; the file may be incomplete or corrupt",
    );
}

fn tcam_image(counts: &[u16], telemetry: &[u16]) -> String {
    let base64 = |words: &[u16]| BASE64_STANDARD.encode(bytes_of(words));
    let (image, telemetry) = (base64(counts), base64(&telemetry[..240]));
    format!(
        r#"{{"metadata":{{"Camera":"tCam-1","Model":262402}},"radiometric":"{image}","telemetry":"{telemetry}"}}"#
    )
}

#[test]
fn tcam_images_and_videos_state_scale_and_time() {
    let raw = accepted("a.y16", &bytes_of(&scene(0)), &y16_options());
    let image = tcam_image(&scene(0), &telemetry(5_000, 0b11));
    let frames = accepted("a.tjsn", image.as_bytes(), &FrameOptions::default());
    assert_eq!((frames.len(), frames[0].celsius()), (1, raw[0].celsius()));

    let closed = tcam_image(&scene(1), &telemetry(5_500, 0b10));
    let video = format!("{image}\u{3}{closed}\u{3}{{\"video_info\":{{\"num_frames\":2}}}}\u{3}");
    let frames = accepted("a.tmjsn", video.as_bytes(), &FrameOptions::default());
    let found: Vec<_> = frames
        .iter()
        .map(|frame| (frame.time_s(), frame.shutter_was_closed()))
        .collect();
    assert_eq!(found, [(0.0, false), (0.5, true)]);
}

#[test]
fn a_tcam_image_without_temperatures_is_rejected() {
    let none = FrameOptions::default();
    let mut agc = telemetry(0, 0);
    agc[3] |= 1 << 12;
    let cases = [
        (
            tcam_image(&scene(0), &agc),
            "frame 1: its telemetry says that automatic gain control",
        ),
        (
            tcam_image(&scene(0)[..160], &telemetry(0, 0)),
            "the image has 160 x 1 pixels",
        ),
        (
            tcam_image(&vec![90; FRAME_PIXELS], &telemetry(0, 0)),
            "all values fit into 8 bits",
        ),
        (
            r#"{"radiometric":"?","telemetry":""}"#.to_owned(),
            "its image is invalid",
        ),
        ("{\"video_info\":{}}".to_owned(), "the file has no frame"),
        ("{\"radiometric\":".to_owned(), "its JSON is invalid"),
    ];
    for (text, expected) in cases {
        check_rejected("a.tjsn", text.as_bytes(), &none, expected);
    }
    let no_telemetry = tcam_image(&scene(0), &telemetry(0, 0)).replace("telemetry", "other");
    check_rejected(
        "a.tjsn",
        no_telemetry.as_bytes(),
        &none,
        "the telemetry is invalid",
    );
    check_rejected(
        "a.tjsn",
        b"{}",
        &y16_options(),
        "this format does not accept a frame rate",
    );
}
