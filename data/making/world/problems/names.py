"""First names with their pronoun, seen and unseen, and colours; written for this project."""


def listed(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


SHE = listed(
    """Sarah Mia Emma Lily Zoe Nora Ava Ruth Ella Ines Amara Priya Anna Maria Julia Laura Clara Sofia Elena Olivia
    Grace Hannah Alice Rosa Maya Leila Fatima Aisha Yuki Hana Mei Lina Nina Tina Eva Ida Greta Frida Ingrid Astrid
    Helen Diana Martha Esther Judith Miriam Naomi Rachel Rebecca Leah Amy Beth Carol Donna Emily Fiona Gina Heidi
    Irene Jane Karen Linda Monica Nancy Paula Quinn Rita Susan Tracy Ursula Vera Wendy Xenia Yara Zara Abena Adele
    Agnes Bella Bianca Camila Carmen Chiara Dalia Daphne Edith Elsa Farah Flora Gloria Hilda Indira Ivy Jasmine
    Josie Kavita Kira Lola Lucia Mabel Nadia Olga Pearl"""
)
HE = listed(
    """Tom Ben Max Leo Omar Sam Jack Noah Luis Finn Kofi Ravi Adam Alan Albert Alex Anton Arthur Ali Andre Boris
    Bruno Carl Carlos Charlie Chris Daniel David Diego Dylan Eddie Edgar Eli Emil Eric Ethan Felix Frank Fred
    George Gus Hans Harry Hassan Henry Hugo Ian Igor Isaac Ivan Jacob James Jamal Jan Joe John Jonas Jorge Joseph
    Karim Keith Kenji Kevin Lars Liam Lorenzo Louis Lucas Marco Mark Martin Mateo Matt Miguel Mike Milan Nathan
    Nico Nils Oliver Oscar Otto Pablo Patrick Paul Pedro Peter Philip Ralph Raul Ricardo Robert Roger Ryan Samir
    Sean Simon Stefan Sunil Theo"""
)
# In no split: only where `outside` has "names".
NEW_SHE = listed(
    """Beatrice Cora Dora Eloise Florence Gwen Harriet Imogen Juniper Katya Leonie Marta Noor Ottilie Petra
    Ramona Saskia Thea Uma Violet Winona Yasmin Zelda Anouk Birgit Celeste Delia Esme Freya Ginger Hedda Isolde
    Jovana Kendra"""
)
NEW_HE = listed(
    """Basil Cedric Dmitri Ezra Fergus Gideon Horace Ismail Jasper Klaus Levi Magnus Nigel Orson Percy Quentin
    Rufus Silas Tobias Umberto Vikram Walter Xavier Yusuf Zane Ansel Bogdan Clive Desmond Elmer Floyd Gareth Hector
    Ivo"""
)
COLORS = listed("red blue green white black yellow orange purple brown gray")
NEW_COLORS = listed("pink golden silver violet")
