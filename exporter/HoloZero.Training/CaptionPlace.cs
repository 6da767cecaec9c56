namespace HoloZero.Training;

/// <summary>Where sound and caption lie in a window: the sound before the caption, neither at its start.</summary>
/// <param name="Sound">First byte of the sound.</param>
/// <param name="SoundBytes">Bytes of sound.</param>
/// <param name="Caption">First byte of the caption.</param>
/// <param name="CaptionBytes">Bytes of caption.</param>
public sealed record CaptionPlace(int Sound, int SoundBytes, int Caption, int CaptionBytes);

/// <summary>How well captions are predicted.</summary>
/// <param name="BitsPerByte">Over all caption bytes of held-out windows, spaces included.</param>
/// <param name="BindingGap">
/// How many bits/byte more it is with the sound of another held-out window, one with another caption; null where all captions are alike.
/// </param>
/// <param name="Windows">Windows measured.</param>
public sealed record CaptionMeasure(double BitsPerByte, double? BindingGap, int Windows);
