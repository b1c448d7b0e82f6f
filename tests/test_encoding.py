"""Decoding of text files."""

import codecs
import contextlib
import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.text.encoding import decode_text, uncompressed

GREEK = "Η βάρκα φεύγει στις έξι. Κανείς δεν μου είπε για το γράμμα."


@pytest.mark.parametrize(
    ("data", "text", "warning"),
    [
        ("à six heures ♪\n".encode(), "à six heures ♪\n", None),
        (codecs.BOM_UTF8 + b"1\r\n2\r3\n", "1\n2\n3\n", None),
        (codecs.BOM_UTF16_LE + "♪ 音楽".encode("utf-16-le"), "♪ 音楽", None),
        (codecs.BOM_UTF16_BE + "♪ 音楽".encode("utf-16-be"), "♪ 音楽", None),
        ("Je ne pensais pas vous voir à côté.".encode("cp1252"), "Je ne pensais pas vous voir à côté.", "as cp1252"),
        ("Мне никто не сказал.".encode("cp1251"), "Мне никто не сказал.", "not UTF-8: read as cp1251"),
        (GREEK.encode("cp1253"), GREEK, "not UTF-8: read as cp1253"),
        ("没有人告诉我。没想到".encode("gb18030"), "没有人告诉我。没想到", "gb18030"),
        ("♪ à é è ü ♪ ".encode() * 3 + b"\xff", "♪ à é è ü ♪ " * 3 + "\ufffd", "1 characters are not UTF-8"),
        (
            "Das Boot fährt um sechs. Schöne Grüße!".encode("cp1252"),
            "Das Boot fährt um sechs. Schöne Grüße!",
            "as cp1252",
        ),
    ],
)
def test_decode(data: bytes, text: str, warning: str | None) -> None:
    decoded, warnings = decode_text(data)
    assert decoded == text
    assert (warning is None) == (not warnings)
    assert warning is None or warning in warnings[0]


def test_the_encoding_of_an_xml_declaration_is_taken() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-2"?><tt>źle</tt>'
    assert decode_text(text.encode("iso-8859-2")) == (text, ())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"\x00\x01\x02", "NUL"),
        (b"\xff\x00\xd8\x01\x00", "NUL"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8" * 50, "UTF-16"),
    ],
)
def test_what_is_not_text_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_text(data)


# Six lines of dialogue in each language, and the code pages that its older files are in.
SPOKEN = {
    "cs": (
        "cp1250 iso8859_2",
        "Nevím, kam šel.\nMusíme hned odejít, než bude pozdě.\nTo není možné!\n"
        "Proč jsi mi nic neřekla?\nVěřím ti, ale ostatní ne.\nŽádný strach, je to můj kůň.",
    ),
    "sk": (
        "cp1250 iso8859_2",
        "Neviem, kam išiel.\nMusíme hneď odísť, kým je čas.\nTo nie je možné!\n"
        "Prečo si mi nič nepovedala?\nVerím ti, ale ostatní nie.\nĽudia si mysleli, že je mŕtvy.",
    ),
    "pl": (
        "cp1250 iso8859_2",
        "Nie wiem, dokąd poszedł.\nMusimy już iść, zanim będzie za późno.\nTo niemożliwe!\n"
        "Dlaczego nic mi nie mówiłaś?\nWierzę ci, ale inni nie.\nŹle się czuję, proszę wyjść.",
    ),
    "hu": (
        "cp1250 iso8859_2",
        "Nem tudom, hová ment.\nMost azonnal el kell indulnunk.\nEz lehetetlen!\n"
        "Miért nem szóltál nekem?\nÉn hiszek neked, de a többiek nem.\nTűnj el innen, őrült!",
    ),
    "ro": (
        "cp1250 iso8859_2",
        "Nu ştiu unde a plecat.\nTrebuie să plecăm înainte să fie prea târziu.\nNu se poate!\n"
        "De ce nu mi-ai spus nimic?\nEu te cred, dar ceilalţi nu.\nÎţi aminteşti de fratele meu?",
    ),
    "hr": (
        "cp1250 iso8859_2",
        "Ne znam kamo je otišao.\nMoramo odmah krenuti, već je kasno.\nTo nije moguće!\n"
        "Zašto mi ništa nisi rekla?\nJa ti vjerujem, ali drugi ne.\nČuješ li me? Đavo te odnio.",
    ),
    "sl": (
        "cp1250 iso8859_2",
        "Ne vem, kam je šel.\nTakoj moramo oditi, sicer bo prepozno.\nTo ni mogoče!\n"
        "Zakaj mi nisi nič povedala?\nJaz ti verjamem, drugi pa ne.\nČakaj, kje je moj ključ?",
    ),
    "fr": (
        "cp1252",
        "Il faut partir tout de suite, avant qu'il soit trop tard.\nC'est impossible !\n"
        "Pourquoi tu ne m'as rien dit ?\nMoi, je te crois. Les autres, non.\nMême ton père le savait déjà.",
    ),
    "de": (
        "cp1252",
        "Wir müssen sofort los, bevor es zu spät ist.\nDas ist unmöglich!\n"
        "Warum hast du mir nichts gesagt?\nIch glaube dir, die anderen nicht.\nGrüß deine Mutter von mir.",
    ),
    "es": (
        "cp1252",
        "No sé adónde se fue.\nTenemos que irnos ya, antes de que sea tarde.\n¡Eso es imposible!\n"
        "¿Por qué no me dijiste nada?\nYo te creo, pero los demás no.\nEl niño está aquí, señor.",
    ),
    "pt": (
        "cp1252",
        "Não sei para onde ele foi.\nTemos de ir já, antes que seja tarde.\nIsso é impossível!\n"
        "Por que você não me contou nada?\nEu acredito em você, os outros não.\nA polícia já está lá.",
    ),
    "it": (
        "cp1252",
        "Non so dove è andato.\nDobbiamo andarcene subito, prima che sia tardi.\nÈ impossibile!\n"
        "Perché non mi hai detto niente?\nIo ti credo, gli altri no.\nCosì non può più andare avanti.",
    ),
    "sv": (
        "cp1252",
        "Jag vet inte vart han gick.\nVi måste gå genast, innan det är för sent.\nDet är omöjligt!\n"
        "Varför sa du ingenting?\nJag tror dig, men inte de andra.\nÄr det här din bror?",
    ),
    "da": (
        "cp1252",
        "Jeg ved ikke, hvor han gik hen.\nVi må gå nu, før det er for sent.\nDet er umuligt!\n"
        "Hvorfor sagde du ikke noget?\nJeg tror på dig, men det gør de andre ikke.\nÅh, du skræmte mig.",
    ),
    "is": (
        "cp1252",
        "Ég veit ekki hvert hann fór.\nVið verðum að fara strax, áður en það er of seint.\nÞað er ómögulegt!\n"
        "Af hverju sagðir þú mér ekkert?\nÉg trúi þér, en hinir ekki.\nErtu alveg viss, bróðir?",
    ),
    "fi": (
        "cp1252",
        "En tiedä, minne hän meni.\nMeidän täytyy lähteä heti, ennen kuin on myöhäistä.\nSe on mahdotonta!\n"
        "Miksi et sanonut minulle mitään?\nMinä uskon sinua, muut eivät.\nTämä on minun äitini.",
    ),
    "en": (
        "cp1252",
        "I don’t know where he went.\nWe have to go now, before it’s too late.\nThat’s impossible!\n"
        "“Why didn’t you say anything?”\nI believe you… they don’t.\nThe café is closed.",
    ),
    "tr": (
        "cp1254",
        "Nereye gittiğini bilmiyorum.\nÇok geç olmadan hemen gitmeliyiz.\nBu imkânsız!\n"
        "Neden bana hiçbir şey söylemedin?\nBen sana inanıyorum ama diğerleri inanmıyor.\nİyi misin, kardeşim?",
    ),
    "lt": (
        "cp1257",
        "Nežinau, kur jis išėjo.\nTurime tuojau pat eiti, kol ne per vėlu.\nTai neįmanoma!\n"
        "Kodėl man nieko nesakei?\nAš tavimi tikiu, bet kiti ne.\nŠūvis buvo girdėti visų.",
    ),
    "lv": (
        "cp1257",
        "Es nezinu, kur viņš aizgāja.\nMums tūlīt jāiet, kamēr nav par vēlu.\nTas nav iespējams!\n"
        "Kāpēc tu man neko neteici?\nEs tev ticu, bet pārējie ne.\nŠī ir mūsu māja, ļaujiet ieiet.",
    ),
    "et": (
        "cp1257",
        "Ma ei tea, kuhu ta läks.\nMe peame kohe minema, enne kui on hilja.\nSee on võimatu!\n"
        "Miks sa mulle midagi ei öelnud?\nMina usun sind, aga teised mitte.\nŠokolaad on köögis, õde.",
    ),
    "ru": (
        "cp1251 koi8_r iso8859_5",
        "Я не знаю, куда он ушёл.\nНадо уходить, пока не поздно.\nЭто невозможно!\n"
        "Почему ты мне ничего не сказала?\nЯ тебе верю, а остальные нет.\nЭй, подъезжай сюда!",
    ),
    "uk": (
        "cp1251 koi8_u",
        "Я не знаю, куди він пішов.\nТреба йти, поки не пізно.\nЦе неможливо!\n"
        "Чому ти мені нічого не сказала?\nЯ тобі вірю, а інші ні.\nЄ ще щось, її брат тут.",
    ),
    "bg": (
        "cp1251",
        "Не знам къде отиде.\nТрябва да тръгваме, преди да е станало късно.\nТова е невъзможно!\n"
        "Защо не ми каза нищо?\nАз ти вярвам, но другите не.\nКъщата е голяма, нали?",
    ),
    "sr": (
        "cp1251",
        "Не знам где је отишао.\nМорамо одмах да кренемо, већ је касно.\nТо није могуће!\n"
        "Зашто ми ништа ниси рекла?\nЈа ти верујем, али други не.\nЧујеш ли ме, љубави? Џабе вичеш.",
    ),
    "el": (
        "cp1253 iso8859_7",
        "Δεν ξέρω πού πήγε.\nΠρέπει να φύγουμε τώρα, πριν είναι αργά.\nΑυτό είναι αδύνατο!\n"
        "Γιατί δεν μου είπες τίποτα;\nΕγώ σε πιστεύω, οι άλλοι όχι.\nΞέρεις ότι σ' αγαπάω.",
    ),
    "he": (
        "cp1255",
        "אני לא יודע לאן הוא הלך.\nאנחנו חייבים ללכת עכשיו, לפני שיהיה מאוחר.\nזה בלתי אפשרי!\n"
        "למה לא אמרת לי כלום?\nאני מאמין לך, האחרים לא.\nאיפה הילד? הוא בבית.",
    ),
    "ar": (
        "cp1256 iso8859_6",
        "لا أعرف إلى أين ذهب.\nيجب أن نذهب الآن قبل فوات الأوان.\nهذا مستحيل!\n"
        "لماذا لم تقولي لي شيئا؟\nأنا أصدقك، لكن الآخرين لا.\nأين الطفل؟ إنه في البيت.",
    ),
    "fa": (
        "cp1256",
        "نمي\u200cدانم کجا رفت.\nبايد همين حالا برويم، قبل از اينکه دير شود.\nاين غيرممکن است!\n"
        "چرا به من چيزي نگفتي؟\nمن حرفت را باور مي\u200cکنم، بقيه نه.\nپدر و مادرم خانه هستند.",
    ),
    "th": (
        "cp874",
        "ฉันไม่รู้ว่าเขาไปไหน\nเราต้องไปเดี๋ยวนี้ ก่อนที่จะสายเกินไป\nเป็นไปไม่ได้\n"
        "ทำไมคุณไม่บอกอะไรฉันเลย\nฉันเชื่อคุณ แต่คนอื่นไม่เชื่อ\nน้องชายของฉันอยู่ที่บ้าน",
    ),
    "zh-Hans": (
        "gb18030",
        "我不知道他去哪儿了。\n我们得马上走，不然就来不及了。\n这不可能！\n"
        "你为什么什么都没跟我说？\n我相信你，别人不信。\n孩子在家里，先生。",
    ),
    "zh-Hant": (
        "big5",
        "我不知道他去哪兒了。\n我們得馬上走，不然就來不及了。\n這不可能！\n"
        "你為什麼什麼都沒跟我說？\n我相信你，別人不信。\n孩子在家裡，先生。",
    ),
    "ja": (
        "cp932 euc_jp",
        "彼がどこへ行ったか知らない。\n手遅れになる前に行かなきゃ。\nそんなの無理だ！\n"
        "どうして何も言わなかったの？\n僕は信じるけど、他の人は違う。\nお母さんは家にいます。",
    ),
    "ko": (
        "cp949",
        "그가 어디로 갔는지 몰라요.\n너무 늦기 전에 지금 가야 해.\n그건 불가능해!\n"
        "왜 나한테 아무 말도 안 했어?\n난 널 믿지만 다른 사람들은 안 믿어.\n아이는 집에 있어요.",
    ),
}


@pytest.mark.parametrize(
    ("language", "page"), [(language, page) for language, (pages, _) in SPOKEN.items() for page in pages.split()]
)
def test_what_is_spoken_decodes_from_its_code_page(language: str, page: str) -> None:
    lines = SPOKEN[language][1].split("\n")
    text = "".join(
        f"{n}\n00:00:{2 * n:02},000 --> 00:00:{2 * n + 1:02},500\n{line}\n\n" for n, line in enumerate(lines, 1)
    )
    for hint in ("", language, "en"):
        decoded, warnings = decode_text(text.encode(page), hint)
        assert decoded == text
        assert warnings[0].startswith("not UTF-8: read as ")


@pytest.mark.parametrize(
    ("page", "line", "language"),
    [
        ("cp1250", "Čuješ li me, đače?", "hr"),
        ("cp1254", "İyi misin? Işık yok.", "tr-TR"),
        ("cp1257", "Aš čia, šaunuoli.", "lt"),
        ("cp1252", "Perché non c'è più?", "it"),
        ("cp1250", "Našel jsem tě.", "cs"),
    ],
)
def test_a_language_settles_a_guess_from_one_line(page: str, line: str, language: str) -> None:
    assert decode_text(line.encode(page), language)[0] == line


@pytest.mark.parametrize("language", ["", "x", "not a language", "en-US", "zh-Hant", "???"])
def test_a_language_that_says_nothing_does_no_harm(language: str) -> None:
    assert decode_text(GREEK.encode("cp1253"), language)[0] == GREEK


@pytest.mark.parametrize("page", ["cp1250", "cp874", "cp1252", "cp932", "gb18030"])
def test_a_broken_byte_does_not_change_the_guess(page: str) -> None:
    language = {"cp1250": "cs", "cp874": "th", "cp1252": "de", "cp932": "ja", "gb18030": "zh-Hans"}[page]
    lines = (SPOKEN[language][1] + "\n") * 4
    decoded, (_, lost) = decode_text(lines.encode(page) + b"\x81\n\xff" + b" ok" * 3)
    assert decoded.startswith(lines)
    assert "replaced" in lost


@pytest.mark.parametrize("text", ["1\n00:00:01,000 --> 00:00:02,000\nHello.\n", "♪ 1\n音楽です。\nなに?\n\n"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark_is_told_by_its_nuls(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == (text, (f"no byte order mark: read as {encoding}",))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_believed(encoding: str) -> None:
    assert decode_text("♪ là\n".encode(encoding)) == ("♪ là\n", ())
    assert decode_text(codecs.BOM_UTF32_BE + "♪ là\n".encode("utf-32-be")) == ("♪ là\n", ())


SUBRIP = b"1\n00:00:01,000 --> 00:00:02,000\nHello.\n" * 20


def zipped(*names: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as file:
        for name in names:
            file.writestr(name, SUBRIP if not name.endswith("/") else b"")
    return archive.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (SUBRIP, "a/x.srt", "a/x.srt"),
        (gzip.compress(SUBRIP), "a/x.srt.gz", "a/x.srt"),
        (gzip.compress(SUBRIP), "x.SRT.GZ", "x.SRT"),
        (gzip.compress(SUBRIP), "x.srt", "x.srt"),
        (gzip.compress(SUBRIP[:100]) + gzip.compress(SUBRIP[100:]), "x.srt.gz", "x.srt"),
        (zipped("x.fr.srt"), "a.zip", "x.fr.srt"),
        (zipped("in/", "in/x.srt", "__MACOSX/in/._x.srt", method=zipfile.ZIP_LZMA), "a.zip", "x.srt"),
    ],
)
def test_a_file_is_taken_out(data: bytes, name: str, expected: str) -> None:
    assert uncompressed(data, name) == (SUBRIP, expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(SUBRIP)[:-9], "cannot be uncompressed"),
        (gzip.compress(SUBRIP)[:20], "cannot be uncompressed"),
        (b"\x1f\x8b\x08broken", "cannot be uncompressed"),
        (gzip.compress(SUBRIP)[:-8] + b"\0" * 8, "cannot be uncompressed"),
        (zipped("x.srt")[:-30], "cannot be uncompressed"),
        (zipped("x.srt", "y.srt"), "an archive of 2 files"),
        (zipped("x/"), "an archive of 0 files"),
        (gzip.compress(b"0" * ((64 << 20) + 1), 1), "larger than 64 MB"),
    ],
)
def test_what_cannot_be_taken_out_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        uncompressed(data, "x.srt.gz")


@given(st.sampled_from([gzip.compress(SUBRIP, mtime=0), zipped("x.srt")]), st.integers(0, 500), st.binary(max_size=4))
def test_damage_to_an_archive_is_said(data: bytes, place: int, written: bytes) -> None:
    with contextlib.suppress(InputError):
        uncompressed(data[:place] + written + data[place + len(written) :], "x.gz")


@given(st.binary(), st.sampled_from(["", "tr", "ja"]))
def test_any_bytes_are_decoded_or_refused(data: bytes, language: str) -> None:
    with contextlib.suppress(InputError):
        assert decode_text(data, language)[0].strip()
